// The scenarios, in the order in which they are measured and shown.
import { accessRules } from './access-rules.ts';
import { activation } from './activation.ts';
import { burst } from './burst.ts';
import { clients } from './clients.ts';
import { growth } from './growth.ts';
import { listeners } from './listeners.ts';
import { live } from './live.ts';
import { open } from './open.ts';
import { reload } from './reload.ts';
import { sameConfiguration } from './same-configuration.ts';
import type { Scenario } from './scenario.ts';
import { standstill } from './standstill.ts';
import { units } from './units.ts';
import { watched } from './watched.ts';

export const allScenarios: readonly Scenario[] = [
  clients,
  sameConfiguration,
  units,
  activation,
  open,
  listeners,
  accessRules,
  watched,
  live,
  reload,
  standstill,
  burst,
  growth,
];
