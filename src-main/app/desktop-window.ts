// What the desktop shows around the page, kept as the studio's settings have it: menu and theme, and messages to the
// page, which open the window again where it was closed (a Mac keeps the program without one).

import { Menu, Notification, app, nativeTheme } from 'electron';
import type { BrowserWindow } from 'electron';
import type { DesktopEvent, MenuAction } from '../contract/desktop.ts';
import type { StudioSettings } from '../contract/settings.ts';
import { frontWindow } from './desktop-system.ts';
import { sendDesktopEvent } from './ipc.ts';
import { type OwnAction, menuTemplate } from './menu.ts';
import { showWindow } from './window.ts';
import type { DesktopWords } from './words.ts';
import type { Notice } from './work-signs.ts';

export interface Surroundings {
  readonly words: () => DesktopWords;
  readonly hasDeveloperTools: boolean;
  readonly open: () => BrowserWindow;
  readonly act: (action: OwnAction) => void;
}

export interface DesktopWindow {
  /** Menu and theme by these settings. */
  dress(theme: StudioSettings['theme']): void;
  /** Brings the window to the front, opening it where it is closed. */
  show(): BrowserWindow;
  /** Tells the page once it can hear. */
  tell(event: DesktopEvent): void;
  notify(notice: Notice): void;
}

export function desktopWindow({ words, hasDeveloperTools, open, act }: Surroundings): DesktopWindow {
  // a notification that nobody holds is collected, and its click with it
  const shown = new Set<Notification>();
  const desktop: DesktopWindow = {
    dress(theme) {
      nativeTheme.themeSource = theme;
      const ask = (action: MenuAction): void => desktop.tell({ type: 'menu', action });
      const isMac = process.platform === 'darwin';
      const template = menuTemplate({ words: words().menu, isMac, hasDeveloperTools, ask, act });
      Menu.setApplicationMenu(Menu.buildFromTemplate(template));
    },
    show() {
      const window = frontWindow() ?? open();
      // one that is only being opened shows itself once its page is drawn
      if (!window.webContents.isLoading()) showWindow(window);
      return window;
    },
    tell(event) {
      const { webContents } = desktop.show();
      if (webContents.isLoading()) webContents.once('did-finish-load', () => sendDesktopEvent(webContents, event));
      else sendDesktopEvent(webContents, event);
    },
    notify({ title, body, jobId }) {
      if (!Notification.isSupported()) return;
      const notification = new Notification({ title, body });
      shown.add(notification);
      notification.on('click', () => desktop.tell({ type: 'show-job', jobId: jobId as never }));
      notification.on('close', () => shown.delete(notification));
      notification.show();
    },
  };
  return desktop;
}

/** What 'About Likeness' shows. */
export function describeApp(): void {
  app.setAboutPanelOptions({
    applicationName: 'Likeness', applicationVersion: app.getVersion(), copyright: 'MIT licence, the Likeness authors',
  });
}
