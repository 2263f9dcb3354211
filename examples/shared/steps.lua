-- Steps that several task files share: tables of options, which `uses` starts from.
return {
  fetch = {
    description = "Write the words into a file",
    command = function(params)
      fs.write("words.txt", table.concat(params.words, "\n") .. "\n")
      return { file = "words.txt" }
    end,
  },
}
