// The journal's MESSAGE_ID of each kind of entry: a number that stands for it for good, whatever its sentence becomes.
import type { LoggedEvent } from './log.ts';

/** Of what the engine tells. Never changed, never used again. */
const eventIds = {
  listening: '41b6597307c34c94b3db816d4989e383',
  'listen-failed': 'bf28c6aa65ee4906a3e4d26e151426f8',
  impaired: '41476f42bc7e4775a78bf813043e5f8c',
  'inherited-unused': 'f8a76c5ea7254a94b657421bde320f0a',
  closed: 'efefa4f6f00d46e9b2c2795bfb8ee44a',
  refused: '4a9977b01f104895a0eb2b282ca95b33',
  identified: '518956040e174b48be1d0e06315ef03e',
  unidentified: '328b5447138b41748e947eed7b25040e',
  relayed: '6ba828fdce034e59b55e7754ad2ff4db',
  trapped: '014432ab8da3434dbd6a84f81f842e35',
  started: 'e91fe818aa3247b89c3aff9eb1d1d8ee',
  'start-failed': '849dd6c82f874b539ff492069327d588',
  exited: '2ae0362d59e0467db66dfa6caa830027',
  'builtin-started': 'f5da6c123aeb494c80fe87c8cdcfe2fd',
  'builtin-ended': 'a4e88ef1e047411ea8d84ee77b1402ad',
  'loop-source-refused': '41319475792f4654877bdb8afe21aed7',
  'mux-refused': '9c80aab0b1fb4b55b5d19043074d4bd8',
  'datagrams-lost': 'a8ee56df674f491aa629c05301c9b9c1',
  suspended: '23f68d954d054ad2ba50139d283669f5',
  resumed: '5f30a10bae524630a445d33ea3bca83b',
  held: '75f37e92495e411790cdf8aeb529f55e',
  respawning: '45e6e08da40c42f89e8f3cabaf8e55c7',
  shortage: '822737322fa149e49689febe9431c78d',
  'handler-said': 'cd9d646664c343629538dd060659c665',
  'rpc-registered': '171a6dfbfb4842ff9fe6185ca5be1cb7',
  'rpc-failed': 'fe74e470b19f4db383c1194c1e5087da',
  applied: 'c35ec26ead1c45ed9c84080514074847',
  'daemon-ready': 'c4a3daeb9df5476f98d6f049edfaf478',
  'daemon-said': 'b37a75f403ad47f6850ecf48d4a93565',
  'daemon-stopping': 'd6385811338c419f8c5a7ea5b31f385d',
  'daemon-failed': '053228b5f1834870924c716cbc06c46b',
  'queue-stuck': '8675ee5db1dc4e04942aa28ae6936edd',
  'notify-ignored': 'd88e3f8ed10f42faacfaf620d37bf7f8',
  adopted: 'd6b8e59aeaad46c096996c340ee9bf7f',
  'not-adopted': 'a8e4f2a972d3455c80e91d05e68fc781',
  'reload-refused': '8722b452620144b4a08ce7eefbd598ff',
  'stop-announced': '7c9003b102c4421c955a6c2372277402',
  draining: 'e5018c1da8f442f087b29c7dcc9bac75',
  terminating: '10c3903dd50d43579b2d55ce2b313366',
  stopped: '5dbdfe0cd25a487c82a9816ddbef117e',
} as const satisfies Record<LoggedEvent['kind'], string>;

/** Of what acceptd says of itself. */
const ownIds = {
  diagnostic: 'fa1cced4e73640c7a8189ddd0a545d65',
  option: 'e8f6859f310944e19fe47e962af917f9',
  notify: '3372b3b5a211422da0618c2edd252f09',
  state: '2c6c70b9d4544842adf05b897d0ce4fb',
  'state-written': 'd0196a7717f54317a43909d992e230de',
  'state-failed': 'a1af2919e44140439b07b7837b467975',
  control: '9749974a1b504660bf259e80ce89e5a0',
  'control-order': '730b254a5fba46b98b8a394fba59227d',
  consistency: '6a0eeb902d7841d5b3e94f83543a3c0b',
  inconsistent: '440e9bbc347444a29dbb0c127ef661fb',
  'log-dropped': '998fb46b15d14bddb12f74acb2d7ab5c',
  'log-failed': 'e4f13597d0954a06a9c3dcccfef81017',
  'log-restored': 'd8fc2babcf7c405dbea1884914d288a7',
  'log-lost': '0bf9ed99cd3f4b1fab1f7499164e59da',
  'log-soft-limit': '24c5497fc8484a319b92c1a74e73db47',
  'log-hard-limit': 'bb86fbff5fac4819b8378d716daebe6c',
  'log-below-limit': 'c57d28fb93424c99ad4013d45bcfdc1f',
  metrics: '25308a89042b40e0a6cbf22841845ffe',
  restarted: '65a7ab10a3ec4aa7a5d42017036c8374',
  upgrading: '2647414f7c1e4415bf6d86db9e8a2396',
  upgraded: '20773dad41194d0593883ff00a2dacb8',
  'upgrade-failed': '7abfb29cb7b74496af229d2006f04550',
  'not-taken-over': '8c8f0b1fb7414b16a78ae197c599969a',
} as const;

export const messageIds: ReadonlyMap<string, string> = new Map(Object.entries({ ...eventIds, ...ownIds }));

/** undefined of a kind that has none. */
export const messageIdOf = (event: string): string | undefined => messageIds.get(event);
