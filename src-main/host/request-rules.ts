// What a request must look like before anything is done for it. The Host header defeats DNS rebinding, the Origin and
// Sec-Fetch-Site headers defeat other sites that post to this port from the same browser.

import type { IncomingHttpHeaders } from 'node:http';

export interface RequestLine {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** Whether the request is for this very server and comes from its own page (or, reading, from the address bar). */
export function isFromOwnPage({ method, headers }: RequestLine, port: number): boolean {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const host = headers.host;
  if (host === undefined || !hosts.includes(host)) return false;
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined && origin !== `http://${host}`) return false;
  if (method === 'GET' || method === 'HEAD') return site === undefined || site === 'same-origin' || site === 'none';
  return origin !== undefined && (site === undefined || site === 'same-origin');
}
