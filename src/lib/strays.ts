/** Says whether an error that escaped every caller is its own affair, and has been dealt with. */
export type Claim = (thrown: unknown) => boolean;

const claims = new Set<Claim>();

/** Lets somebody answer for errors that reach no caller, such as in a callback; what comes back calls that off. */
export function claimStrays(claim: Claim): () => void {
  claims.add(claim);
  return () => void claims.delete(claim);
}

/** Whether somebody has answered for an error; all others are faults of this program. */
export function isClaimed(thrown: unknown): boolean {
  return [...claims].some((claim) => claim(thrown));
}
