// What a click on a menu item or a notification of the desktop does on the page.

import type { DesktopEvent, MenuAction } from '../../src-main/contract/desktop.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { chooseHere } from './import-acts.ts';
import { runShortcut } from './shortcuts.ts';
import type { SubjectPageName } from './view.svelte.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Menu items that are keys as well, with the key that they share. */
const keys: Partial<Record<MenuAction, string>> = {
  teach: 't', create: 'c', export: 'e', 'toggle-inspector': 'i', 'toggle-queue': 'q', 'toggle-sidebar': 'Ctrl+b',
};

const jobPages: Readonly<Record<Job['kind'], SubjectPageName>> = {
  import: 'photos', analyze: 'photos', teach: 'teach', create: 'create', export: 'portraits',
};

/** Does what the desktop asks of the page. */
export function takeDesktopEvent(workspace: Workspace, event: DesktopEvent): void {
  const { view } = workspace;
  if (event.type === 'show-job') return showJob(workspace, event.jobId);
  const { action } = event;
  if (action === 'new-subject') view.dialog = 'new-subject';
  else if (action === 'shortcuts') view.dialog = 'shortcuts';
  else if (action === 'settings') view.go('settings');
  else if (action === 'undo') undoHere(workspace);
  else if (action === 'import-photos') void chooseHere(workspace);
  else if (action === 'import-folder') void chooseHere(workspace, 'folder');
  else runShortcut(workspace, keys[action] ?? '', false);
}

/** The desktop has undone in the text field that has the focus; without one the page's own last act is meant. */
function undoHere(workspace: Workspace): void {
  const focused = globalThis.document?.activeElement;
  if (focused?.matches('input, textarea, [contenteditable=true]')) return;
  void workspace.notices.attempt(() => workspace.undo());
}

/** Goes to where a job's work is seen, and opens the queue for one that failed. */
export function showJob(workspace: Workspace, jobId: string): void {
  const { jobs, create, view } = workspace;
  const job = jobs.list.find(({ id }) => id === jobId);
  if (!job) return;
  void workspace.selectSubject(job.subjectId);
  if (job.kind === 'create') create.jobId = job.id;
  view.go(jobPages[job.kind]);
  view.hasQueue = job.state === 'failed';
}
