import Foundation
import Text

/// Memory for floats that somebody is about to fill: unlike a `FloatStorage` it is not cleared first, which for a copy of
/// a whole table would take as long as the copy.
package final class FloatRoom {
  package let elements: UnsafeMutableBufferPointer<Float>

  init(count: Int) {
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, bytes) == 0, let memory else { endForWantOfMemory(bytes: bytes) }
    elements = UnsafeMutableBufferPointer(
      start: memory.bindMemory(to: Float.self, capacity: max(count, 1)), count: count)
  }

  convenience init(copying source: UnsafeMutableBufferPointer<Float>) {
    self.init(count: source.count)
    _ = elements.update(fromContentsOf: source)
  }

  deinit { free(elements.baseAddress) }
}
