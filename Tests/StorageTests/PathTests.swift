import Storage
import Testing

@Suite struct PathTests {
  @Test(arguments: [
    ("d", "."), ("d/", "."), ("./d", "."), ("a/d", "a"), ("a/d/", "a"), ("a//d", "a"), ("/d", "/"), ("/", "/"),
    ("/a/d", "/a"), (".", "."), ("", "."),
  ])
  func theFolderAboveAPath(path: String, parent: String) {
    #expect(parentFolder(of: path) == parent)
  }

  @Test(arguments: [
    ("d", "x", "d/x"), ("d/", "x", "d/x"), ("d//", "x", "d/x"), ("/", "x", "/x"), (".", "x", "./x"), ("", "x", "x"),
  ])
  func aNameInAFolder(folder: String, name: String, path: String) {
    #expect(joined(folder, name) == path)
  }

  @Test(arguments: [("d", "d"), ("a/d", "d"), ("a/d//", "d"), ("/d", "d"), ("/", "/")])
  func whatAPathIsCalled(path: String, name: String) {
    #expect(lastName(of: path) == name)
  }
}
