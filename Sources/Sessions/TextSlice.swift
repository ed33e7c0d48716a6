import Text

/// Text as a place in somebody else's memory, such as an item's id in a reader's buffer.
struct TextSlice {
  var start: UnsafePointer<UInt8>
  var count: Int

  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }
  var string: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether it is `0`.
  @inline(__always)
  var isZero: Bool { count == 1 && start[0] == UInt8(ascii: "0") }

  /// The text without blanks and line breaks around it.
  var trimmed: TextSlice {
    var slice = self
    while slice.count > 0, Self.isBlank(slice.start[slice.count - 1]) { slice.count -= 1 }
    while slice.count > 0, Self.isBlank(slice.start[0]) {
      slice.start += 1
      slice.count -= 1
    }
    return slice
  }

  /// Blanks, tabs and line breaks: other control characters are part of a text, and wrong in an id.
  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

  /// At most 60 characters of the text, on one line, for messages.
  var shortened: String {
    var line = ""
    for character in String(decoding: bytes.prefix(400), as: UTF8.self).prefix(60) {
      line += character.isNewline ? "\\n" : printable(String(character))
    }
    return line.utf8.count < count ? line + "…" : line
  }

  /// A hash that is the same in every process. It mixes eight bytes at a time by multiplication.
  var hash: UInt64 {
    let factor: UInt64 = 0x9e37_79b9_7f4a_7c15
    let raw = UnsafeRawPointer(start)
    var hash = UInt64(truncatingIfNeeded: count) &* factor
    var position = 0
    while position + 8 <= count {
      hash = (hash ^ raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)) &* factor
      hash ^= hash >> 29
      position += 8
    }
    var tail: UInt64 = 0
    while position < count {
      tail = tail << 8 | UInt64(start[position])
      position += 1
    }
    hash = (hash ^ tail) &* factor
    return hash ^ hash >> 32
  }
}

/// A text with memory of its own.
final class OwnedText {
  let slice: TextSlice

  init(_ text: String) {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(text.utf8.count, 1))
    _ = bytes.update(fromContentsOf: text.utf8)
    slice = TextSlice(start: UnsafePointer(bytes.baseAddress.unsafelyUnwrapped), count: text.utf8.count)
  }

  deinit { slice.start.deallocate() }
}
