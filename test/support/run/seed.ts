/** The seed of a run's random choices: `SEED=1 npm test` repeats those of seed 1, but not their timing. */
export const SEED = Number(process.env.SEED);
