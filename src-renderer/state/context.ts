// Hands the workspace down the component tree, so that no component reaches for a global.

import { createContext } from 'svelte';
import type { Workspace } from './workspace.svelte.ts';

export const [useWorkspace, provideWorkspace] = createContext<Workspace>();
