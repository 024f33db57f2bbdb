// What is shown where: the page, what is selected and opened large, and which panels are open.
// Nothing here outlives the window; what should is in the studio's settings.

import type { AdapterId, PhotoId, PortraitId } from '../../src-main/contract/ids.ts';
import type { ErasureReceipt } from '../../src-main/contract/keeping.ts';
import type { PhotoFile } from './photos.svelte.ts';

export const subjectPageNames = ['photos', 'teach', 'looks', 'portraits', 'create'] as const;
/** Pages of one person. */
export type SubjectPageName = (typeof subjectPageNames)[number];
export type PageName = SubjectPageName | 'subjects' | 'all-portraits' | 'models' | 'settings';
export type Dialog =
  | 'new-subject' | 'remove-subject' | 'receipt' | 'diagnostics' | 'shortcuts' | 'provider' | 'compare-looks'
  | 'choose-face' | 'style' | 'get-models' | 'add-ons' | null;
export type Density = 'small' | 'medium' | 'large';
export type Opened = { kind: 'photo'; id: PhotoId } | { kind: 'portrait'; id: PortraitId } | null;

/** Below this width of the window the inspector lies over the page. */
export const narrowWidthPx = 1180;

/** Whether a page is about one person. */
export function isSubjectPage(page: PageName): page is SubjectPageName {
  return (subjectPageNames as readonly PageName[]).includes(page);
}

export class View {
  page = $state<PageName>('photos');
  dialog = $state<Dialog>(null);
  /** What went with the subject that was deleted last. */
  receipt = $state.raw<{ name: string; receipt: ErasureReceipt } | null>(null);
  exportedLook = $state<AdapterId | null>(null);
  photoId = $state<PhotoId | null>(null);
  portraitId = $state<PortraitId | null>(null);
  opened = $state<Opened>(null);
  /** The first steps are shown, also to somebody who has taken them. */
  isTouring = $state(false);
  /** What the last start had to mend was read. */
  hasReadRecovery = $state(false);
  hasSidebar = $state(true);
  hasInspector = $state(true);
  /** The inspector lies over the page. */
  isNarrow = $state(false);
  hasQueue = $state(false);
  density = $state<Density>('medium');
  /** Photos that wait for the subject they belong to. */
  pendingFiles = $state.raw<PhotoFile[]>([]);

  constructor(windowWidthPx = Infinity) {
    this.resize(windowWidthPx);
  }

  /** A window that gets narrow puts its inspector away, one that gets wide brings it back. */
  resize(windowWidthPx: number): void {
    const isNarrow = windowWidthPx < narrowWidthPx;
    if (isNarrow !== this.isNarrow) this.hasInspector = !isNarrow;
    this.isNarrow = isNarrow;
  }

  go(page: PageName): void {
    this.page = page;
    this.opened = null;
  }

  addPending(files: readonly PhotoFile[]): void {
    this.pendingFiles = [...this.pendingFiles, ...files];
  }

  /** Forgets what was selected of another subject. */
  clearSelection(): void {
    this.photoId = null;
    this.portraitId = null;
    this.opened = null;
  }

  open(opened: NonNullable<Opened>): void {
    this.opened = opened;
    if (opened.kind === 'photo') this.photoId = opened.id;
    else this.portraitId = opened.id;
  }

  /** Esc: closes the topmost thing that lies over the page; false when there is none. */
  back(): boolean {
    if (this.opened) this.opened = null;
    else if (this.dialog) this.dialog = null;
    else if (this.exportedLook) this.exportedLook = null;
    else if (this.hasQueue) this.hasQueue = false;
    else if (this.isNarrow && this.hasInspector) this.hasInspector = false;
    else return false;
    return true;
  }

  toggleSidebar(): void {
    this.hasSidebar = !this.hasSidebar;
  }

  toggleInspector(): void {
    this.hasInspector = !this.hasInspector;
  }

  toggleQueue(): void {
    this.hasQueue = !this.hasQueue;
  }
}
