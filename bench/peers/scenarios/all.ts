// The scenarios, in the order in which they are measured and shown.
import { burst } from './burst.ts';
import { clients } from './clients.ts';
import { growth } from './growth.ts';
import { listeners } from './listeners.ts';
import { live } from './live.ts';
import { open } from './open.ts';
import { reload } from './reload.ts';
import type { Scenario } from './scenario.ts';

export const allScenarios: readonly Scenario[] = [clients, open, listeners, live, reload, burst, growth];
