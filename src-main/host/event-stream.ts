// Studio events to a browser as server-sent events (WHATWG HTML, section 9.2). A page that does not keep up is cut off;
// it comes back by itself and asks for its lists again.

import type { ServerResponse } from 'node:http';
import type { StudioEvent } from '../contract/studio.ts';

const heartbeatMs = 15_000;
const maximumUnreadBytes = 4 * 1024 * 1024;

/** Sends every event until the browser goes away. `subscribe` returns what ends the subscription. */
export function streamEvents(
  response: ServerResponse, headers: Readonly<Record<string, string>>,
  subscribe: (listener: (event: StudioEvent) => void) => () => void,
): void {
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
  response.write(': connected\n\n');
  const send = (text: string): void => {
    if (response.writableLength > maximumUnreadBytes) response.destroy();
    else response.write(text);
  };
  const unsubscribe = subscribe((event) => send(`data: ${JSON.stringify(event)}\n\n`));
  const heartbeat = setInterval(() => send(': still here\n\n'), heartbeatMs);
  response.on('close', () => {
    clearInterval(heartbeat);
    unsubscribe();
  });
}
