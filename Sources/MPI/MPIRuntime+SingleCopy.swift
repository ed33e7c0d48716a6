import CMPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension MPIRuntime {
  /// Keeps Open MPI from copying straight out of another rank's memory where the system forbids it; before MPI starts.
  ///
  /// Open MPI 4.1 finds out at the first large message, sends that through shared memory instead, and prints a line for
  /// it and for every one that follows: `Read -1, expected 65536, errno = 1`. Each rank asks for itself. The ranks of a
  /// node get one answer, and have to: Open MPI ends a job where one would copy so and another would not. What the user
  /// has chosen stays.
  package static func avoidForbiddenCopies() {
    let choice = "OMPI_MCA_btl_vader_single_copy_mechanism"
    guard getenv(choice) == nil, !canReadPeers else { return }
    setenv(choice, "none", 0)
  }

  /// Whether the system lets a process read the memory of another one of its user's.
  package static var canReadPeers: Bool { cmpi_can_read_peers() }
}
