// Every scene, with how often it comes up.
import fc from 'fast-check';
import type { Places, Scene } from './scene.ts';
import { access, conditions, limits, rate, wrappers } from './scenes-admission.ts';
import { internals, mistakes, relays, sensors, wholeSockets } from './scenes-answer.ts';
import { endings, places, surroundings } from './scenes-process.ts';

export const scenes = (where: Places): fc.Arbitrary<Scene> =>
  fc.oneof(
    { weight: 4, arbitrary: surroundings(where) },
    { weight: 5, arbitrary: access(where) },
    { weight: 3, arbitrary: limits(where) },
    { weight: 1, arbitrary: rate(where) },
    { weight: 3, arbitrary: conditions(where) },
    { weight: 2, arbitrary: endings(where) },
    { weight: 2, arbitrary: places(where) },
    { weight: 3, arbitrary: wrappers(where) },
    { weight: 2, arbitrary: internals() },
    { weight: 2, arbitrary: relays() },
    { weight: 2, arbitrary: sensors() },
    { weight: 2, arbitrary: wholeSockets(where) },
    { weight: 2, arbitrary: mistakes(where) },
  );
