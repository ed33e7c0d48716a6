import Foundation

/// The executables that were built along with the tests.
public enum BuiltProducts {
  /// - Parameter name: an executable product, such as `rank-tests`.
  /// - Returns: where it lies, next to the running test bundle.
  public static func url(_ name: String) throws -> URL {
    let running = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let product = running.deletingLastPathComponent().appendingPathComponent(name)
    guard FileManager.default.isExecutableFile(atPath: product.path) else {
      throw NotBuilt(path: product.path)
    }
    return product
  }

  public struct NotBuilt: Error, CustomStringConvertible {
    public let path: String
    public var description: String { "\(path) is not there: build it with swift build --build-tests" }
  }
}
