// A stand-in for Electron's main side: records what the app asks of it and lets a test play the page, the user and the
// system. Only what src-main/app uses is here; anything else is undefined, so a new use fails loudly.

import { EventEmitter } from 'node:events';
import { type StandInWindow, windowClass } from './stand-in-window.ts';

export type Listener = (...parts: never[]) => unknown;

/** What the user answers to the next dialogs, in order. */
export interface Answers {
  /** Paths chosen; null closes the dialog. */
  readonly paths: (readonly string[] | null)[];
  /** Buttons pressed. */
  buttons: number[];
}

/** A session: its handlers by the name of their setter, its events, and what its switches were set to. */
export class StandInSession extends EventEmitter {
  readonly handlers = new Map<string, Listener | null>();
  readonly schemes = new Map<string, Listener>();
  readonly requestFilters: Listener[] = [];
  readonly partition: string;
  readonly options: unknown;
  readonly webRequest = { onBeforeRequest: (filter: Listener) => void this.requestFilters.push(filter) };
  readonly protocol = { handle: (scheme: string, handler: Listener) => void this.schemes.set(scheme, handler) };
  constructor(partition: string, options?: unknown) {
    super();
    this.partition = partition;
    this.options = options;
    const setters = ['setPermissionRequestHandler', 'setPermissionCheckHandler', 'setDevicePermissionHandler',
      'setDisplayMediaRequestHandler', 'setBluetoothPairingHandler', 'setCertificateVerifyProc',
      'setSpellCheckerEnabled'];
    for (const name of setters) {
      Object.assign(this, { [name]: (handler: Listener | null) => void this.handlers.set(name, handler) });
    }
  }
}

export interface StandIn {
  /** What the bundle sees as the module 'electron'. */
  readonly module: Record<string, unknown>;
  readonly app: ReturnType<typeof standInApp>;
  readonly windows: StandInWindow[];
  readonly schemes: unknown[];
  readonly sessions: StandInSession[];
  readonly calls: Map<string, Listener>;
  readonly messages: { message: string; detail: string; buttons: string[] }[];
  readonly questions: { title: string; properties: string[] }[];
  readonly answers: Answers;
  readonly errors: string[];
  readonly opened: string[];
  readonly notifications: (EventEmitter & { options: { title: string; body: string } })[];
  /** Power-save blockers that are held. */
  readonly held: Set<number>;
  readonly powerMonitor: EventEmitter;
  readonly nativeTheme: { themeSource: string; shouldUseDarkColors: boolean };
  menu: MenuEntry[];
}

export interface MenuEntry {
  readonly id?: string;
  readonly role?: string;
  readonly label?: string;
  readonly accelerator?: string;
  readonly submenu?: MenuEntry[];
  readonly click?: () => void;
}

function standInApp(errors: string[]) {
  const app = Object.assign(new EventEmitter(), {
    quits: 0,
    isSandboxed: false,
    switches: [] as string[][],
    paths: { appData: '/nowhere', downloads: '/nowhere/downloads' } as Record<string, string>,
    isPackaged: false,
    commandLine: {
      appendSwitch: (...parts: string[]) => void app.switches.push(parts),
      hasSwitch: () => false,
    },
    enableSandbox: () => void (app.isSandboxed = true),
    whenReady: async () => undefined,
    getVersion: () => '0.0.0',
    getLocale: () => 'en-GB',
    getPath: (name: string) => app.paths[name],
    setPath: (name: string, path: string) => void (app.paths[name] = path),
    setAboutPanelOptions: () => undefined,
    setAppUserModelId: () => undefined,
    setDesktopName: () => undefined,
    requestSingleInstanceLock: () => true,
    quit: () => void app.quits++,
    exit: (code: number) => void errors.push(`exit ${code}`),
  });
  return app;
}

function standInDialog({ answers, errors, messages, questions }: StandIn) {
  const last = <T>(parts: unknown[]): T => parts.at(-1) as T;
  return {
    showErrorBox: (title: string, text: string) => void errors.push(`${title}: ${text}`),
    async showMessageBox(...parts: unknown[]) {
      messages.push(last(parts));
      return { response: answers.buttons.shift() ?? 0 };
    },
    async showOpenDialog(...parts: unknown[]) {
      questions.push(last(parts));
      const filePaths = answers.paths.shift() ?? null;
      return { canceled: filePaths === null, filePaths: filePaths ?? [] };
    },
  };
}

/** Everything the app's main process touches, freshly made. */
export function electronStandIn(): StandIn {
  const errors: string[] = [];
  const electron: StandIn = {
    module: {}, app: standInApp(errors), windows: [], schemes: [], sessions: [new StandInSession('')], calls: new Map(),
    messages: [], questions: [], answers: { paths: [], buttons: [] }, errors, opened: [], notifications: [],
    held: new Set(), powerMonitor: new EventEmitter(),
    nativeTheme: { themeSource: 'system', shouldUseDarkColors: true }, menu: [],
  };
  Object.assign(electron.module, aroundTheWindow(electron), aroundTheSystem(electron));
  return electron;
}

function aroundTheWindow(electron: StandIn) {
  return {
    app: electron.app,
    BrowserWindow: windowClass(electron.windows, (contents) =>
      void electron.app.emit('web-contents-created', {}, contents)),
    Menu: {
      buildFromTemplate: (template: MenuEntry[]) => ({ template, popup: () => undefined }),
      setApplicationMenu: ({ template }: { template: MenuEntry[] }) => void (electron.menu = template),
    },
    dialog: standInDialog(electron),
    ipcMain: {
      handle: (channel: string, handler: Listener) => void electron.calls.set(channel, handler),
      on: (channel: string, handler: Listener) => void electron.calls.set(channel, handler),
    },
    nativeImage: { createFromBuffer: (bytes: Uint8Array) => ({ bytes }) },
    protocol: { registerSchemesAsPrivileged: (list: unknown[]) => void electron.schemes.push(...list) },
    session: {
      defaultSession: electron.sessions[0],
      fromPartition: (partition: string, options: unknown) => {
        const made = new StandInSession(partition, options);
        electron.sessions.push(made);
        return made;
      },
    },
  };
}

function aroundTheSystem(electron: StandIn) {
  class Notification extends EventEmitter {
    static isSupported = () => true;
    readonly options: { title: string; body: string };
    constructor(options: { title: string; body: string }) {
      super();
      this.options = options;
    }
    show = () => void electron.notifications.push(this);
  }
  let blockers = 0;
  return {
    Notification,
    nativeTheme: electron.nativeTheme,
    powerMonitor: electron.powerMonitor,
    powerSaveBlocker: {
      start: () => (electron.held.add(++blockers), blockers),
      stop: (id: number) => electron.held.delete(id),
    },
    screen: { getPrimaryDisplay: () => display, getAllDisplays: () => [display] },
    shell: {
      openPath: async (path: string) => (electron.opened.push(path), ''),
      openExternal: async (address: string) => void electron.opened.push(address),
      showItemInFolder: (path: string) => void electron.opened.push(path),
    },
  };
}

const display = { workArea: { x: 0, y: 0, width: 1920, height: 1040 } };
