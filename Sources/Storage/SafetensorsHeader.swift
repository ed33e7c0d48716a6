import Text

/// What the header of a safetensors file says about one tensor.
struct SafetensorsHeaderEntry {
  var name: String
  var dtype: SafetensorsDtype
  var shape: [Int]
  var begin: Int
  var end: Int
}

/// Parses the JSON header: two levels of objects, and no more JSON than the format has.
///
/// Foundation's parser would do, but it silently drops duplicate names, which the format forbids.
struct SafetensorsHeaderParser {
  private let text: [UInt8]
  private var position = 0
  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [SafetensorsHeaderEntry] = []

  init(parsing text: [UInt8]) throws(SafetensorsDefect) {
    self.text = text
    if text.first != UInt8(ascii: "{") { throw unexpected("no object") }
    var seen: Set<String> = []
    try parseObject { parser, name throws(SafetensorsDefect) in
      if !seen.insert(name).inserted { throw .duplicateName(name) }
      if name == "__metadata__" {
        try parser.parseMetadata()
      } else {
        parser.entries.append(try parser.parseEntry(name))
      }
    }
    skipSpace()
    if position != text.count { throw unexpected("text after the object") }
  }

  private mutating func parseMetadata() throws(SafetensorsDefect) {
    try parseObject { parser, key throws(SafetensorsDefect) in
      let value = try parser.parseString()
      if parser.metadata.updateValue(value, forKey: key) != nil { throw .duplicateName(key) }
    }
  }

  private mutating func parseEntry(_ name: String) throws(SafetensorsDefect) -> SafetensorsHeaderEntry {
    var dtypeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try parseObject { parser, key throws(SafetensorsDefect) in
      switch key {
      case "dtype" where dtypeName == nil: dtypeName = try parser.parseString()
      case "shape" where shape == nil: shape = try parser.parseNumbers(overflow: .shapeOverflow(name: name))
      case "data_offsets" where offsets == nil:
        offsets = try parser.parseNumbers(overflow: .invalidOffset(name: name))
      default: throw parser.unexpected("key \(printable(key, limit: 20))")
      }
    }
    guard let dtypeName, let shape, let offsets, offsets.count == 2 else {
      throw unexpected("tensor \(printable(name)) without dtype, shape or two data_offsets")
    }
    guard let dtype = SafetensorsDtype(rawValue: dtypeName) else {
      throw .unknownDtype(name: name, dtype: dtypeName)
    }
    return SafetensorsHeaderEntry(name: name, dtype: dtype, shape: shape, begin: offsets[0], end: offsets[1])
  }

  // MARK: - JSON

  private mutating func parseObject(
    _ member: (inout Self, String) throws(SafetensorsDefect) -> Void
  ) throws(SafetensorsDefect) {
    try expect("{")
    if take("}") { return }
    repeat {
      let key = try parseString()
      try expect(":")
      try member(&self, key)
    } while take(",")
    try expect("}")
  }

  private mutating func parseNumbers(overflow: SafetensorsDefect) throws(SafetensorsDefect) -> [Int] {
    var numbers: [Int] = []
    try expect("[")
    if take("]") { return numbers }
    repeat {
      skipSpace()
      let start = position
      var number = 0
      while position < text.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[position]) {
        let (product, overflows) = number.multipliedReportingOverflow(by: 10)
        let (sum, overflowsToo) = product.addingReportingOverflow(Int(text[position] - UInt8(ascii: "0")))
        if overflows || overflowsToo { throw overflow }
        number = sum
        position += 1
      }
      if position == start { throw unexpected("no whole number") }
      numbers.append(number)
    } while take(",")
    try expect("]")
    return numbers
  }

  private mutating func parseString() throws(SafetensorsDefect) -> String {
    try expect("\"")
    var units: [UInt8] = []
    while position < text.count {
      let byte = text[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: units, as: UTF8.self)
      case UInt8(ascii: "\\"): units += try parseEscape()
      case 0..<0x20: throw unexpected("a control character in a string")
      default: units.append(byte)
      }
    }
    throw unexpected("a string without end")
  }

  private mutating func parseEscape() throws(SafetensorsDefect) -> [UInt8] {
    guard position < text.count else { throw unexpected("a string without end") }
    let byte = text[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var units = [try parseFourDigits()]
      if UTF16.isLeadSurrogate(units[0]), position + 1 < text.count, text[position] == UInt8(ascii: "\\"),
        text[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        units.append(try parseFourDigits())
      }
      guard let string = String(validating: units, as: UTF16.self) else { throw unexpected("half a character") }
      return Array(string.utf8)
    default: throw unexpected("an unknown escape")
    }
  }

  private mutating func parseFourDigits() throws(SafetensorsDefect) -> UInt16 {
    guard position + 4 <= text.count,
      let unit = UInt16(String(decoding: text[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw unexpected("no four hexadecimal digits") }
    position += 4
    return unit
  }

  private mutating func skipSpace() {
    while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(SafetensorsDefect) {
    if !take(character) { throw unexpected("no '\(character)'") }
  }

  private func unexpected(_ reason: String) -> SafetensorsDefect { .badJSON(reason: reason, offset: position) }
}
