// xinetd itself and acceptd, each on a machine of its own, serve the same generated configurations to the same clients.
import t from 'tap';
import { compileHandlers } from '../support/compile.ts';
import { bannerFile, settle } from './differences.ts';
import { generateTrials } from './generate.ts';
import { neutralResult } from './neutral.ts';
import { createStage, findObstacle } from './play.ts';
import { renderTrial, type ServiceResult } from './trial.ts';

const count = 64;
const nothing: ServiceResult = { outcomes: [], lines: [] };

// two minutes where nothing else runs
t.setTimeout(600_000);

const obstacle = await findObstacle();

t.test(
  `${count} configurations mean to acceptd what they mean to xinetd`,
  obstacle === undefined ? {} : { skip: obstacle },
  async (t) => {
    const handlers = compileHandlers('report', 'behave', 'attend', 'answer-one', 'catch-syslog');
    const stage = createStage(`${handlers}/catch-syslog`);
    t.teardown(stage.remove);
    const trials = generateTrials(count, {
      handlers,
      world: stage.directory,
      banner: bannerFile,
    });
    const [xinetd, acceptd] = await Promise.all([
      stage.play('xinetd', trials),
      stage.play('acceptd', trials),
    ]);
    for (const [index, trial] of trials.entries()) {
      const theirs = xinetd[index];
      const ours = acceptd[index];
      if (theirs === undefined || ours === undefined) {
        t.fail(`${trial.name} was not played`);
        continue;
      }
      t.equal(theirs.failure, undefined, `xinetd serves ${trial.name}`);
      t.equal(ours.failure, undefined, `acceptd serves ${trial.name}`);
      for (const service of trial.services) {
        const settled = settle(
          trial,
          service,
          neutralResult(service, theirs.services[service.id] ?? nothing),
          neutralResult(service, ours.services[service.id] ?? nothing),
        );
        const { id, kind, steps } = service;
        t.same(settled.acceptd, settled.xinetd, `${trial.name}, ${id} (${kind})`, {
          configuration: renderTrial(trial),
          steps,
          hosts: { allow: trial.allow, deny: trial.deny },
          acceptdSaid: ours.output,
        });
      }
    }
  },
);
