// Electron behind SignSystem: the bar on the task bar, the power-save blocker, the title, the clock.

import { powerSaveBlocker } from 'electron';
import { frontWindow } from './desktop-system.ts';
import type { DesktopWindow } from './desktop-window.ts';
import type { SettingsMemory } from './settings-memory.ts';
import type { SignSystem } from './work-signs.ts';

export function signSystem(desktop: DesktopWindow, memory: SettingsMemory): SignSystem {
  return {
    nowMs: () => performance.now(),
    later(milliseconds, call) {
      const timer = setTimeout(call, milliseconds);
      return () => clearTimeout(timer);
    },
    showBar({ fraction, mode }) {
      frontWindow()?.setProgressBar(fraction, { mode });
    },
    setTitle: (title) => frontWindow()?.setTitle(title),
    stayAwake() {
      const id = powerSaveBlocker.start('prevent-app-suspension');
      return () => void powerSaveBlocker.stop(id);
    },
    isLookedAt: () => frontWindow()?.isFocused() ?? false,
    notify: (notice) => desktop.notify(notice),
    words: () => memory.words(),
    wantsNotices: () => memory.get().notifications,
  };
}
