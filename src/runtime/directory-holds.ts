// Who needs which directories of services, so that one is made before its first user starts and goes after its last.
import type { Failure, Observer } from '../model/event.ts';
import type { ResolvedService, ServiceDirectory } from '../model/service.ts';
import { makeDirectory, type Owner, removeDirectory } from './directories.ts';

/** One for all services: two may name the same directory. */
export const createDirectoryKeeper = () => {
  const users = new Map<string, number>();
  const turns = new Map<string, Promise<unknown>>();

  /** A directory that is being removed is made again only after that. */
  const inTurn = (path: string, act: () => Promise<Failure | undefined>): Promise<Failure | undefined> => {
    const turn = (turns.get(path) ?? Promise.resolve()).then(act);
    turns.set(path, turn);
    return turn.finally(() => {
      if (turns.get(path) === turn) turns.delete(path);
    });
  };

  return {
    enter: ({ path }: ServiceDirectory): void => {
      users.set(path, (users.get(path) ?? 0) + 1);
    },
    make: (directory: ServiceDirectory, owner: Owner | undefined): Promise<Failure | undefined> =>
      inTurn(directory.path, () => makeDirectory(directory, owner)),
    /** With the last user it is removed, unless it is kept. */
    leave: async (directory: ServiceDirectory): Promise<Failure | undefined> => {
      const { path, keeps } = directory;
      const left = (users.get(path) ?? 1) - 1;
      if (left > 0) users.set(path, left);
      else users.delete(path);
      if (left > 0 || keeps === 'yes') return undefined;
      return inTurn(path, async () => (users.has(path) ? undefined : removeDirectory(directory)));
    },
  };
};

export type DirectoryKeeper = ReturnType<typeof createDirectoryKeeper>;

const directoriesOf = ({ process }: ResolvedService): readonly ServiceDirectory[] =>
  process.directories ?? [];

export const needsDirectories = (service: ResolvedService): boolean => directoriesOf(service).length > 0;

/** What is held; whether it is all that the service wants; whether the service is gone. */
export type SavedDirectories = {
  readonly held: readonly ServiceDirectory[];
  readonly isMade: boolean;
  readonly isGone: boolean;
};

/** What one service, or one daemon, has of them. */
export const createDirectoryHold = (
  { directories: keeper, observer }: { readonly directories: DirectoryKeeper; readonly observer: Observer },
  id: () => string,
) => {
  let held: readonly ServiceDirectory[] = [];
  let tail: Promise<unknown> = Promise.resolve();
  let latest:
    | { readonly service: ResolvedService; readonly outcome: Promise<Failure | undefined>; isMade: boolean }
    | undefined;
  let isGone = false;

  const letGo = async (isStartedAgain: boolean): Promise<void> => {
    const stays = ({ keeps }: ServiceDirectory): boolean => isStartedAgain && keeps === 'restart';
    const leaving = held.filter((directory) => !stays(directory));
    held = held.filter(stays);
    for (const directory of leaving.toReversed()) {
      const failure = await keeper.leave(directory);
      if (failure !== undefined) observer.observe({ kind: 'impaired', service: id(), failure });
    }
  };

  const add = async (service: ResolvedService): Promise<Failure | undefined> => {
    for (const directory of directoriesOf(service)) {
      const others = held.filter(({ path }) => path !== directory.path);
      if (others.length === held.length) keeper.enter(directory);
      held = [...others, directory];
      const failure = await keeper.make(directory, service.credentials);
      if (failure !== undefined) return failure;
    }
    return undefined;
  };

  const follow = <Result>(act: () => Promise<Result>): Promise<Result> => {
    const outcome = tail.then(act);
    tail = outcome;
    return outcome;
  };

  /** Of those that are preserved when it is started again right now, or of none. */
  const release = (isStartedAgain = false): void => {
    if (held.length > 0 || latest !== undefined) void follow(() => letGo(isStartedAgain));
  };

  return {
    release,
    /** Those of the run before that are not preserved go first. */
    make: (service: ResolvedService): Promise<Failure | undefined> =>
      follow(async () => {
        await letGo(true);
        return add(service);
      }),
    /** Nothing is awaited any more. */
    settled: async (): Promise<void> => {
      await tail;
    },

    // Of a service that starts a process for each client: made once for each text of it, and there until the service
    // has gone with its last process. systemd removes them whenever no process is left, for the next to make anew.

    isMade: (service: ResolvedService): boolean =>
      !needsDirectories(service) || (latest?.service === service && latest.isMade),
    /** Clients that come meanwhile wait for the same; after a failure the next client's is another try. */
    makeOnce: (service: ResolvedService): Promise<Failure | undefined> => {
      if (latest?.service === service) return latest.outcome;
      const attempt = {
        service,
        isMade: false,
        outcome: follow(() => add(service)).then((failure) => {
          attempt.isMade = failure === undefined;
          if (failure !== undefined && latest === attempt) latest = undefined;
          return failure;
        }),
      };
      latest = attempt;
      return attempt.outcome;
    },
    retire: (isIdle: boolean): void => {
      isGone = true;
      if (isIdle) release();
    },
    save: (service: ResolvedService): SavedDirectories => ({
      held,
      isMade: latest?.service === service && latest.isMade,
      isGone,
    }),
    /** They are there already. */
    restore: (service: ResolvedService, saved: SavedDirectories): void => {
      held = saved.held;
      for (const directory of held) keeper.enter(directory);
      if (saved.isMade) latest = { service, outcome: Promise.resolve(undefined), isMade: true };
      isGone = saved.isGone;
    },
    /** The last process has ended. */
    becomeIdle: (): void => {
      if (isGone) release();
    },
  };
};

export type DirectoryHold = ReturnType<typeof createDirectoryHold>;
