import Sessions
import Testing

@Suite struct ProductFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func aProductIsThatOfTheSessionsLocale() throws {
    let path = try folder.write(
      "id,locale,title,price,brand,desc\n1,UK,\"one, \"\"UK\"\"\",1.0,a,\"two\nlines\"\n1,ES,uno,2.0,b,\n2,UK,two,,,\n"
        + "broken\n3,UK,three,3.0,c,\n", as: "products.csv")
    func titles(_ locale: String?) throws -> [String?] {
      let file = try ProductFile(path: path, ids: ["1", "2", "9"], locale: locale)
      #expect(file.badRows == 1 && file.products.count == 2)
      return ["1", "2", "9"].map { file.products[$0]?.title }
    }
    #expect(try titles("ES") == ["uno", "two", nil])
    #expect(try titles("UK") == ["one, \"UK\"", "two", nil])
    #expect(try titles(nil) == ["one, \"UK\"", "two", nil])
    #expect(try titles("DE") == ["one, \"UK\"", "two", nil])
  }

  @Test func priceAndBrandMayBeMissing() throws {
    let path = try folder.write("title\tid\nA\t7\n", as: "products.tsv")
    let found = try ProductFile(path: path, ids: ["7"], locale: "ES").products["7"]
    #expect(found?.title == "A" && found?.price == nil && found?.brand == nil)
    let competition = try folder.write("id,title,price\n7,A,40000000.07\n8,B,3.5\n", as: "kdd.csv")
    let products = try ProductFile(path: competition, ids: ["7", "8"], locale: nil).products
    #expect(products["7"]?.price == nil && products["8"]?.price == "3.5")
  }

  @Test func aFileWithoutTitlesIsRefused() throws {
    let path = try folder.write("id,name\n7,A\n", as: "products.csv")
    #expect(throws: SessionsError.self) { try ProductFile(path: path, ids: ["7"], locale: nil) }
  }
}
