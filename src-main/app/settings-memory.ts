// The settings as the desktop needs them outside the page: the language of its menus, its theme, what it may say.
// Before the library is open they follow the system.

import { type StudioSettings, defaultStudioSettings } from '../contract/settings.ts';
import type { Answer } from '../contract/studio.ts';
import type { CallStudio } from './message-gate.ts';
import type { StudioHolder } from './studio-holder.ts';
import { type DesktopWords, desktopWords, languageOfLocale } from './words.ts';

export interface SettingsMemory {
  get(): StudioSettings;
  words(): DesktopWords;
  /** The studio's call, which also notices settings that change. */
  readonly call: CallStudio;
}

/** `onChange` hears of the settings of each library that opens, and of each change. */
export function settingsMemory(
  holder: StudioHolder, locale: () => string, onChange: (settings: StudioSettings) => void,
): SettingsMemory {
  let settings: StudioSettings | undefined;
  const learn = (now: StudioSettings): void => {
    settings = now;
    onChange(now);
  };
  holder.onOpen(({ library }) => learn(library.settings.get()));
  return {
    get: () => settings ?? defaultStudioSettings,
    words: () => desktopWords(settings?.language ?? languageOfLocale(locale())),
    async call(command, request): Promise<Answer> {
      const answer = await holder.call(command, request);
      if (command === 'settings.set' && answer.ok) learn(answer.result as StudioSettings);
      return answer;
    },
  };
}
