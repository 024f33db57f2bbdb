// What only the desktop app can do, as typed calls over its bridge. In a browser there is no such client, and the page
// offers what a browser has in its place.

import { reviveError } from '../../src-main/contract/error-data.ts';
import {
  type DesktopCommandName, desktopCommands, type DesktopEvent, desktopEventSchema, type DesktopRequest,
  type DesktopResponse,
} from '../../src-main/contract/desktop.ts';
import type { PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import { answerSchema, type StudioBridge } from '../../src-main/contract/studio.ts';
import { type Job, jobSchema } from '../../src-main/contract/work.ts';

export interface DesktopClient {
  /** Runs a command of the desktop; rejects with a UserError. */
  call<N extends DesktopCommandName>(command: N, request: DesktopRequest<N>): Promise<DesktopResponse<N>>;
  /** Queues the import of files that were dropped or pasted; null where the bridge cannot. */
  importFiles: ((subjectId: SubjectId, files: readonly File[]) => Promise<Job>) | null;
  /** Starts to drag portraits out of the window; call it in a dragstart handler. */
  startDrag(portraitIds: readonly PortraitId[]): void;
  /** Whether what is being dragged came from here; until endDrag says that it is over. */
  isDragging(): boolean;
  endDrag(): void;
  /** Listens to menu and notification clicks; gives back what ends it. */
  subscribe(listener: (event: DesktopEvent) => void): () => void;
}

/** The desktop's client over the bridge that its preload put on the window. */
export function openDesktop(bridge: StudioBridge): DesktopClient {
  const { importFiles } = bridge;
  let isDragging = false;
  return {
    call: async (command, request) => {
      const result = resultOf(await bridge.call(command, request));
      return desktopCommands[command].response.parse(result) as never;
    },
    importFiles: importFiles
      ? async (subjectId, files) => jobSchema.parse(resultOf(await importFiles(subjectId, files)))
      : null,
    startDrag: (portraitIds) => {
      isDragging = bridge.startDrag !== undefined;
      bridge.startDrag?.(portraitIds);
    },
    isDragging: () => isDragging,
    endDrag: () => {
      isDragging = false;
    },
    subscribe: (listener) => bridge.subscribeDesktop?.((raw) => {
      const event = desktopEventSchema.safeParse(raw);
      if (event.success) listener(event.data);
    }) ?? (() => undefined),
  };
}

/** What the bridge answered; throws the UserError that it refused with. */
function resultOf(raw: unknown): unknown {
  const answer = answerSchema.parse(raw);
  if (!answer.ok) throw reviveError(answer.error);
  return answer.result;
}
