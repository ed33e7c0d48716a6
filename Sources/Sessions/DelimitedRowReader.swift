import Foundation

/// Cuts a text file into rows and fields, byte by byte, without making strings.
///
/// Fields may be quoted as RFC 4180 has it: line breaks, delimiters and doubled quotes inside. A quote that does
/// not stand at a field's beginning is an ordinary character, as for other readers. Rows end with `\n` or
/// `\r\n`; blank lines are skipped. A row whose quotes are wrong is taken to be its first line, so that
/// one stray quote does not swallow the rest of the file.
final class DelimitedRowReader {
  /// No row of such files is near that long; a quote that is never closed should not fill the memory.
  static let rowLimit = 1 << 20

  private let window: ByteWindow
  private let delimiter: UInt8
  /// Whether a field may be quoted. RecBole's files, whose lists hold no separators, have none.
  @exclusivity(unchecked) var allowsQuotes = true
  // As in the window: no checks of overlapping accesses for every row.
  /// The row's fields, without their quotes. Valid until the next row.
  @exclusivity(unchecked) private(set) var fields: [TextSlice] = []
  /// The row as it stands in the file. Valid until the next row.
  @exclusivity(unchecked) private(set) var text: TextSlice
  /// The number of the row's first line, from 1.
  @exclusivity(unchecked) private(set) var line = 0
  @exclusivity(unchecked) private var nextLine = 1
  /// Why the row is none; it has no fields then.
  @exclusivity(unchecked) private(set) var defect: RowDefect?
  /// Fields that differ from the window's bytes.
  @exclusivity(unchecked) private var copies: [UnsafeMutablePointer<UInt8>] = []

  var path: String { window.path }
  var bytesRead: Int { window.bytesRead }
  var totalBytes: Int { window.totalBytes }
  /// Whether opening the file again gives its rows again.
  var canBeReadTwice: Bool { window.isPlainFile }

  /// Opens a file and finds out what separates its fields: the tab, semicolon or comma that its first line has most of.
  init(path: String) throws {
    window = try ByteWindow(path: path)
    while window.end < 3, !window.isAtEnd { try window.refill() }
    let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]  // spreadsheets write it
    if UnsafeBufferPointer(start: window.memory, count: window.end).starts(with: byteOrderMark) {
      window.advance(to: 3)
    }
    delimiter = Self.separator(of: try Self.firstLine(in: window))
    text = TextSlice(start: UnsafePointer(window.memory), count: 0)
  }

  private static func firstLine(in window: ByteWindow) throws -> UnsafeBufferPointer<UInt8> {
    while true {
      let bytes = UnsafeBufferPointer(start: window.memory + window.begin, count: window.end - window.begin)
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) { return UnsafeBufferPointer(rebasing: bytes[..<end]) }
      if window.isAtEnd || bytes.count > rowLimit { return bytes }
      try window.refill()
    }
  }

  /// The same file from its beginning, its first row passed over.
  func reopened() throws -> DelimitedRowReader {
    let again = try DelimitedRowReader(path: path)
    again.allowsQuotes = allowsQuotes
    _ = try again.next()
    return again
  }

  /// What separates the fields, as people call it.
  var separatorName: String {
    delimiter == UInt8(ascii: "\t") ? "tabs" : delimiter == UInt8(ascii: ";") ? "semicolons" : "commas"
  }

  private static func separator(of line: UnsafeBufferPointer<UInt8>) -> UInt8 {
    var counts = [0, 0, 0], isQuoted = false
    let separators = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
    for byte in line {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if !isQuoted, let separator = separators.firstIndex(of: byte) { counts[separator] += 1 }
    }
    return separators[counts.firstIndex(of: counts.max()!)!]
  }

  deinit { copies.forEach { $0.deallocate() } }

  /// Goes to the next row.
  /// - Returns: false at the end of the file.
  func next() throws -> Bool {
    while true {
      if window.begin == window.end, window.isAtEnd { return false }
      switch scan() {
      case .row(let end, let next, let lines, let isASCII):
        let isBlank = end == window.begin
        take(end: end, next: next, lines: lines)
        if isBlank { continue }
        if !isASCII, String(validating: text.bytes, as: UTF8.self) == nil { reject(.invalidUTF8) }
        return true
      case .incomplete(let reason):
        if window.end - window.begin > Self.rowLimit {
          try takeFirstLine(because: reason)
          return true
        }
        if !window.isAtEnd {
          try window.refill()
          continue
        }
        try takeFirstLine(because: reason)
        return true
      case .broken(let reason):
        try takeFirstLine(because: reason)
        return true
      }
    }
  }

  private func take(end: Int, next: Int, lines: Int) {
    text = TextSlice(start: UnsafePointer(window.memory + window.begin), count: end - window.begin)
    line = nextLine
    nextLine += lines
    defect = nil
    window.advance(to: next)
  }

  private func reject(_ reason: RowDefect) {
    defect = reason
    fields.removeAll(keepingCapacity: true)
  }

  /// Takes the first line as the row. A line without an end is no row of a session file: that is an error at once.
  private func takeFirstLine(because reason: RowDefect) throws {
    let rest = window.end - window.begin
    let start = UnsafePointer(window.memory + window.begin)
    if let newline = memchr(start, 0x0a, rest) {
      let count = UnsafeRawPointer(newline) - UnsafeRawPointer(start)
      take(end: window.begin + count, next: window.begin + count + 1, lines: 1)
    } else if window.isAtEnd || rest <= Self.rowLimit {
      take(end: window.end, next: window.end, lines: 1)
    } else {
      let text = TextSlice(start: start, count: rest).shortened
      let defect = RowDefect.rowTooLong(limit: Self.rowLimit)
      throw SessionsError.badRow(BadRow(path: path, line: nextLine, text: text, defect: defect))
    }
    reject(reason)
  }

  // MARK: - Scanning

  private enum Scan {
    /// `end`: after the row's text; `next`: after its line break.
    case row(end: Int, next: Int, lines: Int, isASCII: Bool)
    /// More bytes are needed; what is wrong when there are none.
    case incomplete(RowDefect)
    case broken(RowDefect)
  }

  /// Finds the next row's fields in the window.
  private func scan() -> Scan {
    fields.removeAll(keepingCapacity: true)
    if !copies.isEmpty {
      copies.forEach { $0.deallocate() }
      copies.removeAll()
    }
    let bytes = window.memory
    let end = window.end
    let isAtEnd = window.isAtEnd
    var position = window.begin
    var lines = 1
    var bits: UInt8 = 0  // all bytes of the row, or-ed: the high bit tells whether it is ASCII
    while true {
      let field: TextSlice
      if allowsQuotes, position < end, bytes[position] == UInt8(ascii: "\"") {
        switch scanQuoted(bytes, from: position + 1, to: end, isAtEnd: isAtEnd) {
        case .incomplete(let reason): return .incomplete(reason)
        case .broken(let reason): return .broken(reason)
        case .closed(let content, let next, let breaks, let contentBits):
          field = content
          position = next
          lines += breaks
          bits |= contentBits
        }
      } else {
        let start = position
        while position < end {
          let byte = bytes[position]
          if byte == delimiter || byte == UInt8(ascii: "\n") { break }
          bits |= byte
          position += 1
        }
        field = TextSlice(start: UnsafePointer(bytes + start), count: position - start)
      }
      if position == end, !isAtEnd { return .incomplete(.rowTooLong(limit: Self.rowLimit)) }
      if position < end, bytes[position] == delimiter {
        fields.append(field)
        position += 1
        continue
      }
      // The row's end: a line break or the end of the file.
      var last = field
      if last.count > 0, last.start[last.count - 1] == UInt8(ascii: "\r") { last.count -= 1 }
      fields.append(last)
      let isCarriageReturn = position > window.begin && bytes[position - 1] == UInt8(ascii: "\r")
      return .row(
        end: isCarriageReturn ? position - 1 : position, next: min(position + 1, end), lines: lines,
        isASCII: bits < 0x80)
    }
  }

  private enum QuotedScan {
    case closed(TextSlice, next: Int, breaks: Int, bits: UInt8)
    case incomplete(RowDefect)
    case broken(RowDefect)
  }

  /// Finds the end of a quoted field whose content begins at `start`; doubled quotes become single ones.
  @inline(__always)
  private func scanQuoted(
    _ bytes: UnsafeMutablePointer<UInt8>, from start: Int, to end: Int, isAtEnd: Bool
  ) -> QuotedScan {
    var position = start
    var breaks = 0
    var bits: UInt8 = 0
    var doubled = 0
    while position < end {
      let byte = bytes[position]
      bits |= byte
      if byte == UInt8(ascii: "\n") { breaks += 1 }
      if byte != UInt8(ascii: "\"") {
        position += 1
        continue
      }
      if position + 1 == end, !isAtEnd { return .incomplete(.unclosedQuote) }
      if position + 1 < end, bytes[position + 1] == UInt8(ascii: "\"") {
        doubled += 1
        position += 2
        continue
      }
      let next = position + 1
      if next < end, bytes[next] == UInt8(ascii: "\r"), next + 1 == end, !isAtEnd {
        return .incomplete(.unclosedQuote)
      }
      let isLineEnd =
        next < end && bytes[next] == UInt8(ascii: "\r")
        && (next + 1 == end || bytes[next + 1] == UInt8(ascii: "\n"))
      if next < end, bytes[next] != delimiter, bytes[next] != UInt8(ascii: "\n"), !isLineEnd {
        return .broken(.strayQuote)
      }
      var content = TextSlice(start: UnsafePointer(bytes + start), count: position - start)
      if doubled > 0 { content = undoubled(content) }
      return .closed(content, next: isLineEnd ? next + 1 : next, breaks: breaks, bits: bits)
    }
    return .incomplete(.unclosedQuote)
  }

  /// A copy with each doubled quote halved. It stays until the next row; the window keeps the row as it is,
  /// for messages and for scanning it again.
  private func undoubled(_ content: TextSlice) -> TextSlice {
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: content.count)
    copies.append(copy)
    var count = 0
    var position = 0
    while position < content.count {
      copy[count] = content.start[position]
      position += content.start[position] == UInt8(ascii: "\"") ? 2 : 1
      count += 1
    }
    return TextSlice(start: UnsafePointer(copy), count: count)
  }
}
