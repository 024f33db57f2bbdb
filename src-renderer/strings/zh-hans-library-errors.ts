// What happened, what is safe and what to do, in Chinese, for the errors of the library as a whole.

import type { UserErrorParameters, UserErrorText } from '../../src-main/contract/errors.ts';

const staysThere = '图库仍在原处，其中没有任何改动。';
const unchanged = '没有任何改动。';

export const zhHansLibraryErrors: Record<string, (parameters: UserErrorParameters) => UserErrorText> = {
  'library.in-use': () => ({
    what: '这个图库正在另一个 Likeness 中打开。', safe: unchanged, todo: '请关闭另一个窗口，或选择别的图库文件夹。',
  }),
  'library.broken': () => ({
    what: '图库的数据库已损坏，也没有可用的备份。', safe: '图片仍在文件夹“files”中，您自己的照片没有任何改动。',
    todo: '请放回 library.db 的副本，或把该文件夹移走后新建图库。',
  }),
  'library.newer': () => ({
    what: '这个图库由更新版本的 Likeness 创建。', safe: '其中没有任何改动。', todo: '请用新版本打开，或选择别的图库文件夹。',
  }),
  'library.not-writable': () => ({
    what: '无法写入图库所在的文件夹。', safe: unchanged, todo: '请检查您对该文件夹的权限，或选择别的图库文件夹。',
  }),
  'library.place-missing': ({ place }) => ({
    what: `图库已移到 ${place}，而那里现在什么也没有。`, safe: unchanged, todo: '请连接存放图库的磁盘，然后重试。',
  }),
  'library.none': () => ({
    what: '还没有可以移动的图库。', safe: unchanged, todo: '请先打开一次 Likeness，再移动图库。',
  }),
  'library.place-inside': ({ place }) => ({
    what: `${place} 在图库之内，或图库在它之内。`, safe: staysThere, todo: '请为图库选择一个单独的文件夹。',
  }),
  'library.place-taken': ({ place }) => ({
    what: `${place} 里已经有东西。`, safe: staysThere, todo: '请选择空文件夹，或其中还没有“Likeness”的文件夹。',
  }),
  'library.no-room': ({ needed, free }) => ({
    what: `图库需要 ${needed} GiB，而那里只剩 ${free} GiB。`, safe: staysThere, todo: '请选择更大的磁盘，或先腾出空间。',
  }),
  'library.move-failed': ({ file }) => ({
    what: `“${file}”的副本与写入的内容不一致，两块磁盘中可能有一块正在损坏。`, safe: staysThere,
    todo: '请换一块磁盘再试，并检查这一块。',
  }),
  'library.no-backup': () => ({
    what: '没有这个备份，或它已损坏。', safe: unchanged, todo: '请查看备份列表，另选一个。',
  }),
  'library.nothing-to-rebuild': () => ({
    what: '图库的文件夹里没有可用来重建的记录。', safe: unchanged, todo: '请先打开一次图库，记录会随之写好。',
  }),
};
