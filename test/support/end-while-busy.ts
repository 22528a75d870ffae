// A process of its own that ends by itself while a descriptor is ready and children are starting and ending.
import { openKernel } from '../../src/native/kernel.ts';

const kernel = openKernel({
  onEnded: () => {
    // whoever ends last
  },
});
const { ours, theirs } = kernel.openLogPair();
kernel.watch(ours, () => undefined);
const recipe = kernel.compileRecipe({
  file: '/bin/true',
  arguments: ['true'],
  environment: [],
  addressVariables: [],
  hasListenPid: true,
  layout: ['handed'],
  resourceLimits: [],
  hasSession: true,
  nice: undefined,
  umask: undefined,
  rootDirectory: undefined,
  workingDirectory: undefined,
  credentials: undefined,
});
for (let count = 0; count < 50; count++) kernel.spawn(recipe, kernel.openNull(), undefined, 'give');
kernel.write(theirs, Buffer.from('.'));
kernel.shutDown();
