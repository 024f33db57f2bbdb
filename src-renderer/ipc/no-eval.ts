// Tells zod not to compile its checks with new Function, which our content security policy forbids.
// Must be imported before any schema is built, so main.ts imports it first.

import { config } from 'zod';

config({ jitless: true });
