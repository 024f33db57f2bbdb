// How a command and its answer travel: Electron's preload bridge, or the browser host over POST and server-sent
// events. A transport knows nothing of schemas; the client above it parses what arrives.

import type { StudioBridge } from '../../src-main/contract/studio.ts';

export interface Transport {
  /** Sends one command and gives the answer's envelope, not yet parsed. Rejects when the studio cannot be reached. */
  call(command: string, request: Record<string, unknown>): Promise<unknown>;
  /** Listens to events; `onConnection` hears true at each (re)connection and false at each loss. */
  subscribe(onEvent: (event: unknown) => void, onConnection: (isConnected: boolean) => void): () => void;
}

/** The desktop: what the preload script put on the window. */
export function bridgeTransport(bridge: StudioBridge): Transport {
  return {
    call: (command, request) => bridge.call(command as Parameters<StudioBridge['call']>[0], request),
    subscribe: (onEvent, onConnection) => {
      const end = bridge.subscribe(onEvent);
      onConnection(true);
      return end;
    },
  };
}

/** The browser host on this page's own origin. */
export function httpTransport(): Transport {
  return { call: post, subscribe: listen };
}

async function post(command: string, request: Record<string, unknown>): Promise<unknown> {
  const { bytes, ...fields } = request;
  if (bytes instanceof Uint8Array) {
    // a photo travels as the body itself, its other fields in the query
    const query = new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]));
    return send(`api/${command}?${query}`, 'application/octet-stream', new Blob([bytes as BlobPart]));
  }
  return send(`api/${command}`, 'application/json', JSON.stringify(request));
}

async function send(address: string, contentType: string, body: BodyInit): Promise<unknown> {
  const response = await fetch(address, { method: 'POST', headers: { 'content-type': contentType }, body });
  return response.json();
}

function listen(onEvent: (event: unknown) => void, onConnection: (isConnected: boolean) => void): () => void {
  const source = new EventSource('events');
  source.onopen = () => onConnection(true);
  source.onerror = () => onConnection(false);
  source.onmessage = (message: MessageEvent<string>) => onEvent(JSON.parse(message.data));
  return () => source.close();
}
