import Foundation

/// A window that slides over a file: the bytes not used yet, read a piece at a time.
///
/// It works on pipes, too. The memory moves when the window slides, so pointers into it live until `refill`.
final class ByteWindow {
  static let pieceSize = 1 << 20

  let path: String
  // Read for every row: without checks at run time that accesses do not overlap. One thread uses a window.
  /// Places in `memory`: the unused bytes are `begin ..< end`.
  @exclusivity(unchecked) private(set) var begin = 0
  @exclusivity(unchecked) private(set) var end = 0
  /// Whether the file has no more bytes than those in the window.
  @exclusivity(unchecked) private(set) var isAtEnd = false
  @exclusivity(unchecked) private(set) var bytesRead = 0
  /// The file's size, 0 where it is not known.
  let totalBytes: Int
  let isPlainFile: Bool
  @exclusivity(unchecked) private(set) var memory: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private let descriptor: Int32

  init(path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw SessionsError.unreadable(path: path, reason: String(cString: strerror(errno))) }
    var status = stat()
    let isKnown = fstat(descriptor, &status) == 0
    isPlainFile = isKnown && status.st_mode & S_IFMT == S_IFREG
    totalBytes = isPlainFile ? Int(status.st_size) : 0
    capacity = Self.pieceSize
    memory = .allocate(capacity: capacity)
  }

  deinit {
    memory.deallocate()
    _ = close(descriptor)
  }

  /// Marks bytes as used.
  func advance(to position: Int) { begin = position }

  /// Moves the unused bytes to the front and reads more behind them.
  func refill() throws {
    if isAtEnd { return }
    memory.update(from: memory + begin, count: end - begin)
    end -= begin
    begin = 0
    if capacity - end < Self.pieceSize / 2 { grow() }
    while true {
      let count = read(descriptor, memory + end, capacity - end)
      if count < 0 {
        if errno == EINTR { continue }
        throw SessionsError.unreadable(path: path, reason: String(cString: strerror(errno)))
      }
      end += count
      bytesRead += count
      isAtEnd = count == 0
      return
    }
  }

  private func grow() {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * capacity)
    larger.update(from: memory, count: end)
    memory.deallocate()
    memory = larger
    capacity *= 2
  }
}
