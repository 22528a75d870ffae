// A process of its own that ends by itself while a descriptor is ready and children are starting and ending.
import { plainRecipe } from '../../src/model/recipe.ts';
import { openKernel } from '../../src/native/kernel.ts';

const kernel = openKernel({
  onEnded: () => {
    // whoever ends last
  },
});
const { ours, theirs } = kernel.openLogPair();
kernel.watch(ours, () => undefined);
const recipe = kernel.compileRecipe({
  ...plainRecipe,
  file: '/bin/true',
  arguments: ['true'],
  pidVariables: ['LISTEN_PID'],
  layout: ['handed'],
});
for (let count = 0; count < 50; count++) kernel.spawn(recipe, kernel.openNull(), undefined, 'give');
kernel.write(theirs, Buffer.from('.'));
kernel.shutDown();
