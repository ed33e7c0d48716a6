// What RankTests starts under mpirun: `rank-tests CASE[,CASE…] [arguments of the case]`.
//
// Every rank runs the named cases; a wrong value throws, which ends the job. Rank 0 prints `ok CASE`.
import MPI

let registry = [
  collectiveCases, blockCases, groupCases, treeCases, failureCases, benchCases, evaluationCases, countingCases,
  localeCases, stopCases, trainingCases, checkpointCases, headCases, sweepCases, kernelCases, portableCases,
  forbiddenCases,
].reduce(into: [:]) { all, some in all.merge(some) { _, _ in preconditionFailure("a case has two bodies") } }

// Signals are waited for by a thread that is there before all others.
if CommandLine.arguments.dropFirst().first?.hasPrefix("stop-") ?? false { StopSignal.listen() }

MPIRuntime.run { group in
  guard CommandLine.arguments.count > 1 else { throw CheckFailed("name a case: \(registry.keys.sorted())") }
  for name in CommandLine.arguments[1].split(separator: ",").map(String.init) {
    guard let body = registry[name] else { throw CheckFailed("there is no case \(name)") }
    try body(group)
    try group.barrier()
    if group.rank == 0 { print("ok \(name)") }
  }
}
