// A stand-in for Electron's main side: records what the app asks of it and lets a test play the page, the user and the
// system. Only what src-main/app uses is here; anything else is undefined, so a new use fails loudly.

import { EventEmitter } from 'node:events';

type Listener = (...parts: never[]) => unknown;

export class StandInContents extends EventEmitter {
  readonly sent: unknown[][] = [];
  openHandler: ((details: { url: string }) => { action: string }) | undefined;
  readonly id: number;
  constructor(id: number) {
    super();
    this.id = id;
  }
  isDestroyed(): boolean {
    return false;
  }
  send(...parts: unknown[]): void {
    this.sent.push(parts);
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler;
  }
}

export interface StandIn {
  /** What the bundle sees as the module 'electron'. */
  readonly module: Record<string, unknown>;
  readonly app: EventEmitter & { readonly quits: number; readonly paths: Record<string, string> };
  readonly windows: { readonly options: Record<string, never>; readonly webContents: StandInContents }[];
  readonly schemes: unknown[];
  readonly handlers: Map<string, Listener>;
  /** The session's handlers, by the name of their setter. */
  readonly sessionHandlers: Map<string, Listener | null>;
  readonly calls: Map<string, Listener>;
  readonly errors: string[];
}

function standInApp(errors: string[]) {
  const app = Object.assign(new EventEmitter(), {
    quits: 0,
    paths: { userData: '/nowhere/user' } as Record<string, string>,
    isPackaged: false,
    whenReady: async () => undefined,
    getVersion: () => '0.0.0',
    getPath: (name: string) => app.paths[name],
    setPath: (name: string, path: string) => void (app.paths[name] = path),
    requestSingleInstanceLock: () => true,
    quit: () => void app.quits++,
    exit: (code: number) => void errors.push(`exit ${code}`),
  });
  return app;
}

/** Everything the app's main process touches, freshly made. */
export function electronStandIn(): StandIn {
  const errors: string[] = [];
  const app = standInApp(errors);
  const windows: StandIn['windows'] = [];
  class BrowserWindow extends EventEmitter {
    readonly webContents = new StandInContents(windows.length + 1);
    static getAllWindows = () => windows;
    readonly options: Record<string, never>;
    constructor(options: Record<string, never>) {
      super();
      this.options = options;
      windows.push(this);
      app.emit('web-contents-created', {}, this.webContents);
    }
    loadURL = async () => undefined;
    isDestroyed = () => false;
    isMinimized = () => false;
    show = () => undefined;
    focus = () => undefined;
  }
  const schemes: unknown[] = [];
  const [handlers, calls] = [new Map<string, Listener>(), new Map<string, Listener>()];
  const sessionHandlers = new Map<string, Listener | null>();
  const defaultSession = new Proxy({}, {
    get: (_target, name) => (handler: Listener | null) => void sessionHandlers.set(String(name), handler),
  });
  const module = {
    app, BrowserWindow,
    dialog: { showErrorBox: (title: string, text: string) => void errors.push(`${title}: ${text}`) },
    ipcMain: { handle: (channel: string, handler: Listener) => void calls.set(channel, handler) },
    protocol: {
      registerSchemesAsPrivileged: (list: unknown[]) => void schemes.push(...list),
      handle: (scheme: string, handler: Listener) => void handlers.set(scheme, handler),
    },
    session: { defaultSession },
  };
  return { module, app, windows, schemes, handlers, sessionHandlers, calls, errors };
}
