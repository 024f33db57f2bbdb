// The files of a drop. A browser gives a folder as an entry that has to be walked; pictures are taken out of it, what
// is hidden or no picture is passed over. On the desktop the studio walks folders itself.

/** Every file that was dropped, and every picture inside of folders that were. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // entries can be asked for only while the event is being handled
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const files = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return files;
  const found = await Promise.all(entries.map((entry, index) => {
    if (entry?.isDirectory) return picturesIn(entry as FileSystemDirectoryEntry);
    return files[index] ? [files[index]] : [];
  }));
  return found.flat();
}

async function picturesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const found: File[] = [];
  const reader = folder.createReader();
  // a reader gives a hundred at a time, and none when it is done
  for (let entries = await read(reader); entries.length > 0; entries = await read(reader)) {
    for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
      if (entry.isDirectory) found.push(...await picturesIn(entry as FileSystemDirectoryEntry));
      else found.push(await fileOf(entry as FileSystemFileEntry));
    }
  }
  return found.filter(({ type }) => type.startsWith('image/'));
}

const read = (reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> =>
  new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));
