import Foundation
import MPI

extension ProcessGroup {
  /// A folder as rank 0 means it, absolute: ranks that lead groups of their own write to it too, and may have been started
  /// elsewhere. Collective.
  func leaderFolder(_ path: String) throws(MPIError) -> String {
    // A job of one process keeps the path as it was written, for its messages.
    if size == 1 { return path }
    var folder = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    try broadcast(&folder, from: 0)
    return folder
  }
}
