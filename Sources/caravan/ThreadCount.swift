import ArgumentParser

/// Checks `--threads-per-rank` of a command without a plan.
/// - Throws: `ValidationError`.
func requireThreadCount(_ threads: Int) throws {
  if !(1...256).contains(threads) {
    throw ValidationError("--threads-per-rank is \(threads): choose a whole number from 1 to 256")
  }
}
