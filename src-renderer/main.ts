// Starts the page: opens the client over whatever carries it here, builds the state, mounts the frame.

import './ipc/no-eval.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import { mount } from 'svelte';
import type { StudioBridge } from '../src-main/contract/studio.ts';
import App from './App.svelte';
import { openClient } from './ipc/client.ts';
import { openDesktop } from './ipc/desktop.ts';
import { bridgeTransport, httpTransport } from './ipc/transport.ts';
import { Workspace } from './state/workspace.svelte.ts';

declare global {
  interface Window {
    /** Put here by the desktop's preload script; absent in a browser. */
    readonly likeness?: StudioBridge;
  }
}

const transport = window.likeness ? bridgeTransport(window.likeness) : httpTransport();
const workspace = new Workspace(openClient(transport), {
  windowWidthPx: window.innerWidth, desktop: window.likeness ? openDesktop(window.likeness) : null,
});
const target = document.getElementById('studio');
if (!target) throw new Error('index.html has no element with the id “studio”.');
mount(App, { target, props: { workspace } });
