// Whole-socket services with access lists: acceptd never sees their clients, so the kernel keeps others out.
import { type Facts, learn, noFacts, type Question } from '../admission/facts.ts';
import { compileSourceFilter } from '../admission/source-filter.ts';
import type { Clock } from '../model/clock.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { seconds } from '../model/quantity.ts';
import type { ResolvedService } from '../model/service.ts';
import { SystemError } from '../native/addon.ts';
import { setSourceFilter } from '../native/source-filter.ts';
import type { Questions } from './questions.ts';
import type { RunningListener } from './running.ts';

/** One instruction: nothing gets through. */
const nobody = Uint8Array.of(0x06, 0, 0, 0, 0, 0, 0, 0);

type Wish = {
  readonly program: Uint8Array | undefined;
  readonly open: Question | undefined;
  readonly facts: Facts;
};

/** After nobody could say what addresses a name has. */
const secondTry = seconds(10);

export const createEntrance = (clock: Clock, questions: Questions) => {
  /** The filter as far as names are known. Throws SystemError where no filter can say it. */
  const wishOf = ({ mode, access }: ResolvedService, known: Facts): Wish => {
    let facts = known;
    for (;;) {
      if (mode !== 'whole-socket' || access === undefined)
        return { program: undefined, open: undefined, facts };
      const filter = compileSourceFilter(access, facts);
      switch (filter.kind) {
        case 'none':
          return { program: undefined, open: undefined, facts };
        case 'program':
          return { program: filter.program, open: undefined, facts };
        case 'impossible':
          throw new SystemError('keep the others out', 'E2BIG', filter.why);
        case 'name':
        case 'user':
          throw new Error('a filter cannot depend on a single client');
        case 'addresses': {
          const addresses = questions.addresses.known(filter.of);
          if (addresses === undefined) return { program: nobody, open: filter, facts };
          facts = learn(facts, { ...filter, addresses });
        }
      }
    }
  };

  /** For a socket that nobody listens on yet. */
  const guard = (descriptor: Descriptor, service: ResolvedService): void => {
    const { program } = wishOf(service, noFacts);
    if (program !== undefined) setSourceFilter(descriptor, program);
  };

  /** Brings an open listener in line with its service; where names must be looked up, nobody is let in until they are. */
  const update = (listener: RunningListener, known: Facts = noFacts): void => {
    const { descriptor, service } = listener;
    if (descriptor === undefined) return;
    const { prepared } = service;
    const { program, open, facts } = wishOf(prepared.service, known);
    if (program !== undefined || listener.isFiltered) setSourceFilter(descriptor, program);
    listener.isFiltered = program !== undefined;
    if (open?.kind !== 'addresses') return;
    void questions.addresses.ask(open.of).then((addresses) => {
      const isStill = (): boolean =>
        listener.descriptor === descriptor && listener.service.prepared === prepared;
      const tryAgain = (then: Facts): void => {
        if (!isStill()) return;
        try {
          update(listener, then);
        } catch (error) {
          if (!(error instanceof SystemError)) throw error;
          shutOut(listener);
        }
      };
      if (addresses !== undefined) tryAgain(learn(facts, { kind: 'addresses', of: open.of, addresses }));
      // the list may be one of those who must not come, so a silent resolver opens nothing
      else clock.after(secondTry, () => tryAgain(noFacts));
    });
  };

  /** Where no filter can be made, nobody is let in. */
  const shutOut = (listener: RunningListener): void => {
    if (listener.descriptor !== undefined) setSourceFilter(listener.descriptor, nobody);
    listener.isFiltered = true;
  };

  return { guard, update, shutOut };
};

export type Entrance = ReturnType<typeof createEntrance>;
