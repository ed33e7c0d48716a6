import CZlib
import Foundation
import Storage

/// The bytes of a text file or pipe, unpacked where they are gzip's; told from the first bytes, not from the name.
final class ByteSource {
  let path: String
  let isPlainFile: Bool
  /// The file's size as it lies there, 0 where it is not known.
  let totalBytes: Int
  /// How much of it was read.
  private(set) var bytesRead = 0

  private let descriptor: Int32
  /// What was read and not yet handed out or unpacked.
  private var packed: UnsafeMutableBufferPointer<UInt8>
  /// zlib remembers where it lies.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var isGzip = false
  /// Whether a part of a gzip file, of which there may be several, has begun and not ended.
  private var isInsidePart = false

  /// - Throws: `SessionsError.unreadable`, `.otherFormat` where the first bytes are those of no text.
  init(path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw SessionsError.unreadable(path: path, reason: String(cString: strerror(errno))) }
    var status = stat()
    let isKnown = fstat(descriptor, &status) == 0
    isPlainFile = isKnown && status.st_mode & S_IFMT == S_IFREG
    totalBytes = isPlainFile ? Int(status.st_size) : 0
    packed = .allocate(capacity: 1 << 16)
    stream.initialize(to: z_stream())
    var first = 0
    while first < 6 {
      let count = try read(into: packed.baseAddress! + first, capacity: packed.count - first)
      if count == 0 { break }
      first += count
    }
    try begin(with: first)
  }

  deinit {
    if isGzip { inflateEnd(stream) }
    stream.deallocate()
    packed.deallocate()
    _ = close(descriptor)
  }

  /// The next bytes: at least one, or none at the end.
  func next(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) throws -> Int {
    if isGzip { return try unpack(into: memory, capacity: capacity) }
    if stream.pointee.avail_in == 0 { return try read(into: memory, capacity: capacity) }
    let count = min(Int(stream.pointee.avail_in), capacity)
    memory.update(from: stream.pointee.next_in, count: count)
    stream.pointee.next_in += count
    stream.pointee.avail_in -= UInt32(count)
    return count
  }

  private func begin(with count: Int) throws {
    stream.pointee.next_in = packed.baseAddress
    stream.pointee.avail_in = UInt32(count)
    let first = UnsafeBufferPointer(rebasing: packed[..<count])
    if let format = OtherFormat.allCases.first(where: { first.starts(with: $0.firstBytes) }) {
      throw SessionsError.otherFormat(path: path, format)
    }
    guard first.starts(with: [0x1f, 0x8b]) else { return }
    guard caravan_begin_gunzip(stream) == Z_OK else {
      throw SessionsError.unreadable(path: path, reason: "zlib cannot begin")
    }
    isGzip = true
    isInsidePart = true
  }

  private func unpack(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) throws -> Int {
    stream.pointee.next_out = memory
    stream.pointee.avail_out = UInt32(capacity)
    while Int(stream.pointee.avail_out) == capacity {
      if stream.pointee.avail_in == 0 {
        let count = try read(into: packed.baseAddress!, capacity: packed.count)
        if count == 0 {
          if isInsidePart { throw SessionsError.unreadable(path: path, reason: "the gzip file is cut off") }
          break
        }
        stream.pointee.next_in = packed.baseAddress
        stream.pointee.avail_in = UInt32(count)
      }
      if !isInsidePart {
        // Zeros behind the last part only fill up a block, as of a tape.
        if stream.pointee.next_in[0] == 0 {
          stream.pointee.next_in += 1
          stream.pointee.avail_in -= 1
          continue
        }
        inflateReset(stream)
        isInsidePart = true
      }
      let status = inflate(stream, Z_NO_FLUSH)
      if status == Z_STREAM_END { isInsidePart = false }
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
        throw SessionsError.unreadable(path: path, reason: "the gzip file is damaged")
      }
    }
    return capacity - Int(stream.pointee.avail_out)
  }

  private func read(into memory: UnsafeMutablePointer<UInt8>, capacity: Int) throws -> Int {
    while true {
      let count = Foundation.read(descriptor, memory, capacity)
      if count >= 0 {
        bytesRead += count
        return count
      }
      if errno != EINTR { throw SessionsError.unreadable(path: path, reason: String(cString: strerror(errno))) }
    }
  }
}

/// Files that are not text, by their first bytes, and what makes text of them.
public enum OtherFormat: CaseIterable, Sendable {
  case parquet, zip, zstd, bzip2, xz, utf16LittleEndian, utf16BigEndian, json, jsonList

  var firstBytes: [UInt8] {
    switch self {
    case .parquet: Array("PAR1".utf8)
    case .zip: [0x50, 0x4b, 0x03, 0x04]
    case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
    case .bzip2: Array("BZh".utf8)
    case .xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a]
    case .utf16LittleEndian: [0xff, 0xfe]
    case .utf16BigEndian: [0xfe, 0xff]
    case .json: Array("{\"".utf8)
    case .jsonList: Array("[{".utf8)
    }
  }

  /// What the file is, and the command that makes a text file of it.
  func advice(path: String) -> String {
    func beside(_ ending: String) -> String { path.dropLast(fileExtension(of: path).count + 1) + ending }
    func plain(_ command: String) -> String { "unpack it first: \(command) \(path)" }
    return switch self {
    case .parquet: "Parquet: turn it into text with scripts/parquet.py \(path) \(beside(".csv"))"
    case .zip: "a zip archive: \(plain("unzip"))"
    case .zstd: "packed by zstd: \(plain("unzstd"))"
    case .bzip2: "packed by bzip2: \(plain("bunzip2"))"
    case .xz: "packed by xz: \(plain("unxz"))"
    case .utf16LittleEndian, .utf16BigEndian:
      "UTF-16: turn it into UTF-8 with iconv -f UTF-16 -t UTF-8 \(path) > \(beside(".utf8.csv"))"
    case .json, .jsonList: "JSON: turn it into CSV, a click or a session a row"
    }
  }
}
