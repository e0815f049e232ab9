/** P(T ≤ t) of Student's distribution, by the finite series for whole degrees of freedom (Abramowitz and Stegun 26.7.3–4). */
export function studentCdf(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const cosine = Math.cos(angle);
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let i = isOdd ? 3 : 2; i < degrees; i += 2) {
    term *= cosine ** 2 * ((i - 1) / i);
    sum += term;
  }
  const within = isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return (1 + within) / 2;
}

/** The t that is exceeded with the chance `tail`, 0 < tail < 0.5, by bisection. */
export function studentQuantile(tail: number, degrees: number): number {
  let high = 1;
  while (1 - studentCdf(high, degrees) > tail && high < 1e9) high *= 2;
  let low = 0;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (1 - studentCdf(middle, degrees) > tail) low = middle;
    else high = middle;
  }
  return high;
}

/** So many degrees that the distribution is the normal one to two digits, and still quick to add up. */
const NORMAL_DEGREES = 200;

/** How much wider than a normal interval one must be that knows its spread from `degrees + 1` values only. */
export function smallSampleFactor(tail: number, degrees: number): number {
  return studentQuantile(tail, degrees) / studentQuantile(tail, NORMAL_DEGREES);
}
