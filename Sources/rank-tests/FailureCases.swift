import Foundation
import MPI

/// What processes may not do where the system forbids it. Without a launcher: MPI must not have started.
var forbiddenCases: [String: RankCase] {
  [
    // As root. Another user's processes that began as root's may not read one another's memory.
    "forbidden-copies": { _ in
      let choice = "OMPI_MCA_btl_vader_single_copy_mechanism"
      func chosen() -> String? { getenv(choice).map { String(cString: $0) } }
      guard setuid(65534) == 0 else { throw CheckFailed("cannot become nobody") }
      setenv(choice, "emulated", 1)
      MPIRuntime.avoidForbiddenCopies()
      try expect(chosen() == "emulated", "what the user has chosen stays, not \(chosen() ?? "nothing")")
      unsetenv(choice)
      MPIRuntime.avoidForbiddenCopies()
      try expect(chosen() == "none", "no copies that the system forbids, not \(chosen() ?? "the default")")
    }
  ]
}

/// Jobs that must end by themselves, with one message and a non-zero exit code. None of them returns.
var failureCases: [String: RankCase] {
  [
    "fail-rank-1": { group in
      // The others sit in a collective that will never complete.
      if group.rank == 1 { throw CheckFailed("cannot read /data/part\nof the sessions") }
      try group.barrier()
    },
    "fail-rank-0": { group in
      if group.rank == 0 { throw CheckFailed("cannot write the checkpoint") }
      try group.barrier()
    },
    "fail-together-1": { group in
      try group.together { if group.rank == 1 { throw CheckFailed("cannot open the data set") } }
    },
    "all-fail": { group in throw CheckFailed("all ranks miss the same file") },
    "trap-rank-1": { group in
      if group.rank == 1 { kill(getpid(), SIGKILL) }
      try group.barrier()
    },
    // A rank that stands still in the middle of a job, for one who waits for it alone and one who waits for both.
    "stall-rank-1": { group in
      HangTimeout.set(.seconds(2))
      Activity.begin("step 3")
      if group.rank == 1 { kill(getpid(), SIGSTOP) }
      try group.barrier()
    },
    "stall-rank-0-of-a-part": { group in
      HangTimeout.set(.seconds(2))
      Activity.begin("step 3")
      let part = try group.split(color: group.rank % 2, key: 0)!
      if group.rank == 0 { kill(getpid(), SIGSTOP) }
      try part.barrier()
      try group.barrier()
    },
    // All ranks end in order, with an exit code of their own.
    "end-75": { group in
      try group.barrier()
      throw EndOfProcess(code: 75, sentence: "stopped after step 3")
    },
    "sleep": { group in sleep(60) },
  ]
}
