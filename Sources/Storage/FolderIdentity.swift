import Foundation

/// Which folder a path led to: a folder that was moved away or made anew under the same name is another one.
public struct FolderIdentity: Sendable {
  private let path: String
  private let device: UInt
  private let number: UInt

  /// - Throws: `.cannotRead` where there is no such folder.
  public init(_ path: String) throws(StorageError) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .cannotRead(path: path, reason: systemErrorText()) }
    self.path = path
    (device, number) = (UInt(status.st_dev), UInt(status.st_ino))
  }

  /// - Throws: `.replaced` where the path leads to another folder now, or to none.
  public func requireSame() throws(StorageError) {
    var status = stat()
    guard stat(path, &status) == 0, UInt(status.st_dev) == device, UInt(status.st_ino) == number else {
      throw .replaced(path: path)
    }
  }
}
