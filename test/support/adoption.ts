// A service whose program is started with adoption, in a test's own process: no daemon of acceptd, no state machine.
import { openSync } from 'node:fs';
import type { ListenAddress } from '../../src/model/address.ts';
import { type Descriptor, descriptorOf } from '../../src/model/descriptor.ts';
import type { Event, Failure } from '../../src/model/event.ts';
import type { RecipeRequest } from '../../src/model/recipe.ts';
import type { ResolvedService } from '../../src/model/service.ts';
import type { Ended } from '../../src/native/kernel.ts';
import { createAdoption } from '../../src/runtime/daemon/adoption.ts';
import { openListener } from '../../src/runtime/socket.ts';
import { dropSpare, keepSocketFile } from '../../src/runtime/socket-file.ts';
import { socketFileInode } from '../../src/runtime/socket-place.ts';
import type { Engine } from './engine.ts';
import { recipeOf } from './engine.ts';
import { readOutput } from './program.ts';
import { resolved } from './services.ts';

export type Adopted = {
  readonly pid: number;
  /** What the adoption has said until now. */
  readonly events: readonly Event[];
  readonly failures: readonly Failure[];
  readonly listening: Promise<void>;
  readonly listeningCount: () => number;
  /** What it writes on stdout and stderr, when everybody who has them is gone. */
  readonly output: Promise<string>;
  readonly ended: Promise<Ended>;
  readonly end: () => void;
};

export type AdoptionStage = {
  readonly listeners: readonly { readonly address: ListenAddress; readonly descriptor: Descriptor }[];
  /** As often as wanted, one after the other or beside each other. */
  readonly start: (
    file: string,
    args: readonly string[],
    rest?: Partial<Omit<RecipeRequest, 'file' | 'arguments'>>,
  ) => Adopted;
  readonly close: () => void;
};

const opening = { overlapping: [], guard: () => undefined, onDenied: () => undefined };

/** Opens the listeners, blocking as whole-socket services have them. */
export const openAdoptionStage = (
  engine: Engine,
  addresses: readonly ListenAddress[],
  rest: Partial<ResolvedService> = {},
): AdoptionStage => {
  const { kernel } = engine;
  const service = resolved('adopted', addresses, { mode: 'whole-socket', ...rest });
  const listeners = addresses.map((address) => ({
    address,
    descriptor: openListener(kernel, service, address, opening),
    spare: keepSocketFile(address, socketFileInode(address)),
  }));
  const events: Event[] = [];
  const observer = { observe: (event: Event) => void events.push(event), isWanted: () => true };
  const adoption = createAdoption({ kernel, observer });
  const nothing = descriptorOf(openSync('/dev/null', 'r'));

  const start: AdoptionStage['start'] = (file, args, more = {}) => {
    const failures: Failure[] = [];
    let count = 0;
    let tell = (): void => undefined;
    const listening = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const { ours, theirs } = kernel.openLogPair();
    const begun = adoption.begin(
      { prepared: { service }, listeners },
      {
        onListening: () => {
          count++;
          tell();
        },
        onFailed: (failure) => void failures.push(failure),
      },
    );
    const recipe = recipeOf(kernel, file, {
      arguments: [file.slice(file.lastIndexOf('/') + 1), ...args],
      environment: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C'],
      layout: ['handed', theirs, theirs],
      ...more,
      adoptChannel: begun.channel,
    });
    const pid = kernel.spawn(recipe, nothing, undefined, 'keep');
    begun.onStarted();
    kernel.close(theirs);
    return {
      pid,
      events,
      failures,
      listening,
      listeningCount: () => count,
      output: readOutput(engine, ours),
      ended: engine.ended(pid),
      end: begun.end,
    };
  };

  return {
    listeners,
    start,
    close: () => {
      for (const { address, descriptor } of listeners) {
        kernel.close(descriptor);
        dropSpare(address);
      }
      kernel.close(nothing);
    },
  };
};
