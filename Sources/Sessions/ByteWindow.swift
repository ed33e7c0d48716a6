/// A window that slides over a file: the bytes not used yet, read a piece at a time.
///
/// It works on pipes, too. The memory moves when the window slides, so pointers into it live until `refill`.
final class ByteWindow {
  static let pieceSize = 1 << 20

  // Read for every row: without checks at run time that accesses do not overlap. One thread uses a window.
  /// Places in `memory`: the unused bytes are `begin ..< end`.
  @exclusivity(unchecked) private(set) var begin = 0
  @exclusivity(unchecked) private(set) var end = 0
  /// Whether the file has no more bytes than those in the window.
  @exclusivity(unchecked) private(set) var isAtEnd = false
  @exclusivity(unchecked) private(set) var memory: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  private let source: ByteSource

  init(path: String) throws {
    source = try ByteSource(path: path)
    capacity = Self.pieceSize
    memory = .allocate(capacity: capacity)
  }

  deinit { memory.deallocate() }

  var path: String { source.path }
  /// How much of the file was read, packed as it may be, and its size, 0 where that is not known.
  var bytesRead: Int { source.bytesRead }
  var totalBytes: Int { source.totalBytes }
  var isPlainFile: Bool { source.isPlainFile }

  /// Marks bytes as used.
  func advance(to position: Int) { begin = position }

  /// Moves the unused bytes to the front and reads more behind them.
  func refill() throws {
    if isAtEnd { return }
    memory.update(from: memory + begin, count: end - begin)
    end -= begin
    begin = 0
    if capacity - end < Self.pieceSize / 2 { grow() }
    let count = try source.next(into: memory + end, capacity: capacity - end)
    end += count
    isAtEnd = count == 0
  }

  private func grow() {
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * capacity)
    larger.update(from: memory, count: end)
    memory.deallocate()
    memory = larger
    capacity *= 2
  }
}
