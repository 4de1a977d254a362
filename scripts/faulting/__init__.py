"""Campaigns that try to break a library: kills, full disks, flipped bits, cut files, links, many readers.

    papers    made-up papers with a seed
    jobs      what is done to a library, in a process of its own that can be killed, stopped or starved
    world     inputs, the libraries that trials start from, and what an undisturbed run makes of them
    content   a library's files by role, to be compared whatever they are called
    answers   everything that a library answers, asked in a process of its own
    kill, disk, damage, links, permissions, readers    a campaign each

A campaign is a function from `Campaign` to figures; what went wrong is in `Campaign.failures`.
"""
