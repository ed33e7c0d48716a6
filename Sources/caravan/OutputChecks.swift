import MPI
import Storage

extension ProcessGroup {
  /// Checks on rank 0 that files can be written where a command is to write them; collective. Done before the work, of
  /// which nothing would be left otherwise.
  /// - Parameters:
  ///   - outputs: nil for what was not asked for.
  ///   - replaces: whether files that are there already may be replaced.
  ///   - inputs: files and folders that are read, and never replaced.
  /// - Throws: see `OutputPlace.check`.
  func requirePlaces(for outputs: [String?], replaces: Bool, inputs: [String]) throws {
    try checkAsLeader(outputs) { try OutputPlace.check($0, replaces: replaces, inputs: inputs) }
  }

  /// The same for files of JSON, which take the place of others.
  /// - Throws: see `OutputPlace.check(json:inputs:)`.
  func requirePlaces(forJSON outputs: [String?], inputs: [String]) throws {
    try checkAsLeader(outputs) { try OutputPlace.check(json: $0, inputs: inputs) }
  }

  private func checkAsLeader(_ outputs: [String?], _ check: (String) throws -> Void) throws {
    try together { if rank == 0 { try outputs.compactMap { $0 }.forEach(check) } }
  }
}
