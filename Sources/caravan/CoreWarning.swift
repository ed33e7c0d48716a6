import MPI

/// Says once, on rank 0, where threads have to share cores; collective.
func warnOfShortCores(threads: Int, _ group: any ProcessGroup) throws(MPIError) {
  guard let shortage = try CoreShortage.find(threads: threads, group: group), group.rank == 0 else { return }
  note(shortage)
}
