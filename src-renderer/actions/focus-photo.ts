// Going to a photo of the grid: its tile is scrolled to and has focus, which selects it.

/** False where the photo is not on the page. */
export function focusPhoto(photoId: string): boolean {
  const tile = document.querySelector<HTMLElement>(`[data-photo="${CSS.escape(photoId)}"]`);
  tile?.scrollIntoView({ block: 'nearest' });
  tile?.focus();
  return tile !== null;
}
