import Foundation
import MPI

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
    // All ranks end in order, with an exit code of their own.
    "end-75": { group in
      try group.barrier()
      throw EndOfProcess(code: 75, sentence: "stopped after step 3")
    },
    "sleep": { group in sleep(60) },
  ]
}
