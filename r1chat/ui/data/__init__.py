"""The data page at /data: what people said of replies, with its evidence, and ways to take it along.

Its HTML comes from pure functions: values and words in, a string out. The page asks for pieces of it, and sends what a
person does, through routes that the guard protects like every other.

query     address -> filter, and its form       rows      judgements with their evidence
redaction texts, with personal data replaced    conflicts what was judged twice
players   comparisons -> results of a league    league    its picture and table
queue     one reply after the other, to rate
exporting the forms, and the equal command      jobs      one export or import in the background
page      frame and panels                      routes    everything that the page asks for or sends
answering how they answer                       job_routes what they ask of jobs
mounting  where all of it is put
"""
