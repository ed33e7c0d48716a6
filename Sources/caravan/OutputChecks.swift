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
    try together {
      guard rank == 0 else { return }
      for output in outputs.compactMap({ $0 }) {
        try OutputPlace.check(output, replaces: replaces, inputs: inputs)
      }
    }
  }

  /// The same for files of JSON, which take the place of others.
  /// - Throws: see `OutputPlace.check(json:inputs:)`.
  func requirePlaces(forJSON outputs: [String?], inputs: [String]) throws {
    try together {
      guard rank == 0 else { return }
      for output in outputs.compactMap({ $0 }) { try OutputPlace.check(json: output, inputs: inputs) }
    }
  }
}
